"""What simulated market paths mean to somebody who holds a portfolio."""
