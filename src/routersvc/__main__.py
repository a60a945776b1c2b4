"""`python -m routersvc`: the same as the command `routersvc`."""

from routersvc.cli import main

if __name__ == "__main__":
    main()
