"""`python -m nqmbench`."""

import atexit
import gc

from nqmbench.cli import main

if __name__ == "__main__":
    # As the last thing Python collects garbage; visiting every compiled function takes it most of a
    # second, and the process ends anyway.
    atexit.register(gc.freeze)
    main()
