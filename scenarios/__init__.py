"""The shipped stress scenarios, a YAML file each; read with importlib.resources."""
