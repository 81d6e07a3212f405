"""Where everything is mounted."""

from django.contrib import admin
from django.urls import include, path
from two_factor.views import (
    DisableView,
    ProfileView,
    QRGeneratorView,
    SetupCompleteView,
)

from accounts.views import SetUpView, SignInView
from mailportal import views

# two_factor's own list also routes recovery codes, which it keeps in clear.
two_step = [
    path("login/", SignInView.as_view(), name="login"),
    path("settings/two-step/", ProfileView.as_view(), name="profile"),
    path("settings/two-step/set-up/", SetUpView.as_view(), name="setup"),
    path("settings/two-step/set-up/qr/", QRGeneratorView.as_view(), name="qr"),
    path(
        "settings/two-step/set-up/done/",
        SetupCompleteView.as_view(),
        name="setup_complete",
    ),
    path("settings/two-step/disable/", DisableView.as_view(), name="disable"),
]

urlpatterns = [
    path("", views.home, name="home"),
    path("healthz", views.healthz, name="healthz"),
    path("", include((two_step, "two_factor"))),
    path("", include("accounts.urls")),
    path("settings/account-security/", include("clientpasswords.urls")),
    path("admin/", admin.site.urls),
]
