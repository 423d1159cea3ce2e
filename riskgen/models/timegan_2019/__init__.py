"""TimeGAN as published in 2019, for comparison and for citing."""
