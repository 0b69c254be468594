"""`python -m gan_doctor`: the command line."""

from gan_doctor.cli import main

if __name__ == "__main__":
    main()
