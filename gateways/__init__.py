"""Gateways to other systems: mail, text messages, and Dovecot."""
