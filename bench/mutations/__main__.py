"""Run the mutants: `python -m bench.mutations`."""
import sys
import mutmut.__main__ as program
from bench.mutations import operators, runner

operators.install()
runner.install()
program._run(tuple(sys.argv[1:]), 2)
