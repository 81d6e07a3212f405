"""The general settings: language, appearance and mails."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.forms import (
    SCHEME_COOKIE,
    AppearanceForm,
    LanguageForm,
    MailPreferencesForm,
)
from accounts.http import UserRequest, set_choice_cookie
from accounts.models import Account


@require_safe
def show(request: UserRequest) -> HttpResponse:
    """Show the general settings."""
    form = MailPreferencesForm(initial={"told_of_uses": request.user.told_of_uses})
    return render(request, "accounts/general.html", {"mails_form": form})


@require_POST
@login_not_required
def set_language(request: HttpRequest) -> HttpResponse:
    """Set the language of this browser's pages and of messages to the owner.

    While READ_ONLY is on, or before the sign-in, set only that of this browser.
    """
    response = redirect(_get_next_url(request))
    form = LanguageForm(request.POST)
    if form.is_valid():
        language = form.cleaned_data["language"]
        if request.user.is_authenticated and not settings.READ_ONLY:
            Account.objects.filter(pk=request.user.pk).update(language=language)
        if request.user.is_authenticated:
            with translation.override(language):
                messages.success(request, _("The language was changed."))
        set_choice_cookie(response, settings.LANGUAGE_COOKIE_NAME, language)
    else:
        messages.error(request, _("This language is not available."))
    return response


@require_POST
@login_not_required
def set_appearance(request: HttpRequest) -> HttpResponse:
    """Set the appearance in this browser: light, dark, or the same as the device."""
    response = redirect(_get_next_url(request))
    form = AppearanceForm(request.POST)
    if form.is_valid():
        set_choice_cookie(response, SCHEME_COOKIE, form.cleaned_data["scheme"])
    else:
        messages.error(request, _("This appearance is not available."))
    return response


@require_POST
def set_mails(request: UserRequest) -> HttpResponse:
    """Turn mails about uses of security passwords on or off."""
    form = MailPreferencesForm(request.POST)
    if form.is_valid():
        Account.objects.filter(pk=request.user.pk).update(**form.cleaned_data)
        messages.success(request, _("Your choice is saved."))
    return redirect("accounts:general")


def _get_next_url(request: HttpRequest) -> str:
    """The page the form was on; never another host, nor what names a view."""
    page = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(page, {request.get_host()})
    if is_ours and page.startswith("/"):
        return page
    return reverse("home")
