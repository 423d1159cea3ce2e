"""What detectors are and what their scores are worth to the people who work the alerts."""
