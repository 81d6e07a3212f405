"""What an operator installs: the mail server's configuration and its rendering."""
