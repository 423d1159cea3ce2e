"""Events handed out to be scored elsewhere, and the scores that come back."""
