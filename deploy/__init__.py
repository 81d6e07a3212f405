"""What an operator installs: the mail server's configuration and what fills it in."""
