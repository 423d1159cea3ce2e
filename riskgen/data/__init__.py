"""From the user's table to encoded sequences and back; knows no network."""
