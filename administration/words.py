"""What the pages of the administration call what the mail server decided."""

from clientpasswords.models import Logon


def refusal_in_words(refusal: str) -> str:
    """Return the words for a refusal of the logon views."""
    return str(dict(Logon.Reason.choices).get(refusal, refusal))
