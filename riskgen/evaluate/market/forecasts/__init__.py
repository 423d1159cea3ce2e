"""One-day forecasts of value at risk and expected shortfall, judged on days that came later."""
