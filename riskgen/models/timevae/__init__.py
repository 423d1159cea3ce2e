"""Variational autoencoder of sequences."""
