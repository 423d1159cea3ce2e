"""The probabilistic autoregressive model (PAR) of SDV as a rival."""
