"""The one way out for mail: Django's, with a time-out and errors of ours."""

from django.core.mail import EmailMessage

# Nobody's vacation notice answers it (RFC 3834).
HEADERS = {"Auto-Submitted": "auto-generated"}


class NotSent(Exception):
    """The mail server did not take it; it may be asked again."""


def send(to: str, subject: str, text: str) -> None:
    """Hand a plain text over to the mail server that the settings name.

    Raises:
        NotSent: in words of ours; the mail server's may repeat the address.
    """
    try:
        EmailMessage(subject, text, to=[to], headers=HEADERS).send()
    except OSError as error:  # as all of smtplib's errors are
        raise NotSent(type(error).__name__) from None
