"""Where scenarios may help: few known frauds, a typology nobody knows, one just emerging.

PROTOCOL B6 and UTILITY. Each question is a change of the split around
:func:`riskgen.evaluate.utility.trial.run_trial`; nothing is trained in another way.
"""
