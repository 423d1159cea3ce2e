"""Who makes the parts of a simulation: this process, others on this machine, or Ray.

An engine hands out tasks and returns what came of them; it knows neither
generators nor files. Imports nothing heavy: a new process sets its number of
threads before numpy is there.
"""
