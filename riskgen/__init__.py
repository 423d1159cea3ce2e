"""riskgen: financial risk scenarios with a verdict that can be trusted, including no."""

__version__ = "0.1.0"
