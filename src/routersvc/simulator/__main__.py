"""`python -m routersvc.simulator`."""

from __future__ import annotations

import sys

from routersvc.simulator.control.command import main

sys.exit(main())
