"""From a fitted generator to stressed sequences in Parquet; knows no evaluation."""
