"""The market's tables: prices, their cleaning and their split."""

from riskgen.data.price_cleaning import clean_prices
from riskgen.data.price_split import PriceSplit, split_prices
from riskgen.data.prices import Prices

__all__ = ["PriceSplit", "Prices", "clean_prices", "split_prices"]
