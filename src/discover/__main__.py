"""`python -m discover` is the same as `discover`."""

from discover.cli import main

if __name__ == "__main__":
    main()
