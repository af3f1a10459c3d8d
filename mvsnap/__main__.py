"""`python -m mvsnap`."""

from mvsnap.cli import main

if __name__ == "__main__":
    main()
