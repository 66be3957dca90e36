"""`python -m nqmbench`."""

from nqmbench.cli import main

if __name__ == "__main__":
    main()
