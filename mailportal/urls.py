"""The root URL configuration."""

from django.contrib import admin
from django.urls import include, path, re_path
from two_factor.views import QRGeneratorView

from accounts.views import twostep
from accounts.views.signin import SetUpDoneView, SetUpView, SignInView, TurnOffView
from api.views import reference
from clientpasswords.views import discovery, link
from clientpasswords.views import help as help_for_clients
from mailportal import views

# Not two_factor's own list, which includes recovery codes that it stores in clear.
two_step = [
    path("login/", SignInView.as_view(), name="login"),
    path("settings/two-step/", twostep.show, name="profile"),
    path("settings/two-step/set-up/", SetUpView.as_view(), name="setup"),
    path("settings/two-step/set-up/qr/", QRGeneratorView.as_view(), name="qr"),
    path(
        "settings/two-step/set-up/done/",
        SetUpDoneView.as_view(),
        name="setup_complete",
    ),
    path("settings/two-step/disable/", TurnOffView.as_view(), name="disable"),
]

# URLs that mail programs request. Outlook varies the case of two letters.
found_by_programs = [
    path("mail/config-v1.1.xml", discovery.autoconfig, name="autoconfig"),
    path(
        ".well-known/autoconfig/mail/config-v1.1.xml",
        discovery.autoconfig,
        name="autoconfig-well-known",
    ),
    re_path(
        r"^[aA]uto[dD]iscover/[aA]uto[dD]iscover\.xml$",
        discovery.autodiscover,
        name="autodiscover",
    ),
    re_path(
        r"^[aA]uto[dD]iscover/[aA]uto[dD]iscover\.json(?:/.*)?$",
        discovery.autodiscover_json,
        name="autodiscover-json",
    ),
]

help_pages = [
    path("", help_for_clients.index, name="index"),
    path("<slug:key>/", help_for_clients.client, name="client"),
]

# A short path, for a QR code that cameras read easily.
set_up_links = [
    path("", link.install, name="install"),
    path("<slug:token>/", link.show, name="scanned"),
]

handler400 = "mailportal.outages.show_bad_request"
handler500 = "mailportal.outages.show_server_error"

urlpatterns = [
    path("", views.home, name="home"),
    path("healthz", views.healthz, name="healthz"),
    path(
        ".well-known/change-password",
        views.lead_to_password_page,
        name="change-password",
    ),
    path("favicon.ico", views.lead_to_icon, name="icon"),
    path("", include((two_step, "two_factor"))),
    path("", include("accounts.urls")),
    path("settings/account-security/", include("clientpasswords.urls")),
    path("i/", include((set_up_links, "links"))),
    path("help/clients/", include((help_pages, "help"))),
    path("", include((found_by_programs, "discovery"))),
    path("api/v1/", include("api.urls")),
    path("help/api/", reference, name="api-docs"),
    path("admin/", admin.site.urls),
]
