"""TimeGAN, likelihood-anchored."""
