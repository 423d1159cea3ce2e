"""The market's tables: prices, their cleaning and their split."""

from riskgen.data.market.cleaning import clean_prices
from riskgen.data.market.prices import Prices
from riskgen.data.market.split import PriceSplit, split_prices

__all__ = ["PriceSplit", "Prices", "clean_prices", "split_prices"]
