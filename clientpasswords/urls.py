from django.urls import include, path

from clientpasswords.views import (
    connect,
    device,
    index,
    lost,
    new,
    off,
    reactivation,
    replace,
    scan,
    setup,
)

app_name = "clientpasswords"
passwords = [
    path("enable/", index.enable, name="enable"),
    path("disable/", off.SwitchOff.as_view(step="disable"), name="disable"),
    path("disable/code/", off.SwitchOff.as_view(step="send_code"), name="disable-code"),
    path("new/", new.NewPassword.as_view(), name="new"),
    path("new/code/", new.NewPassword.as_view(step="send_code"), name="code"),
    path("new/verify/", new.NewPassword.as_view(step="verify"), name="verify"),
    path("connect/", connect.ConnectDevice.as_view(), name="connect"),
    path(
        "connect/code/",
        connect.ConnectDevice.as_view(step="send_code"),
        name="connect-code",
    ),
    path(
        "connect/verify/",
        connect.ConnectDevice.as_view(step="verify"),
        name="connect-verify",
    ),
    path("scan/", scan.ScanCode.as_view(), name="scan"),
    path("scan/code/", scan.ScanCode.as_view(step="send_code"), name="scan-code"),
    path("scan/verify/", scan.ScanCode.as_view(step="verify"), name="scan-verify"),
    path("scan/cancel/", scan.withdraw, name="withdraw"),
    path("scan/<int:pk>/status/", scan.status, name="link-status"),
    path("lost/", lost.lost, name="lost"),
    path("lost/done/", lost.done, name="lost-done"),
    path("delete-all/", lost.delete_all, name="delete-all"),
    path("sign-ins/", device.sign_ins, name="sign-ins"),
    path("<int:pk>/", device.show, name="device"),
    path("<int:pk>/name/", device.name, name="name"),
    path("<int:pk>/limits/", device.limit, name="limit"),
    path("<int:pk>/notices/", device.notices, name="notices"),
    path("<int:pk>/status/", device.status, name="status"),
    path("<int:pk>/profile/", setup.profile, name="profile"),
    path("<int:pk>/keep/", reactivation.ReactivatePassword.as_view(), name="keep"),
    path(
        "<int:pk>/keep/code/",
        reactivation.ReactivatePassword.as_view(step="send_code"),
        name="keep-code",
    ),
    path(
        "<int:pk>/keep/verify/",
        reactivation.ReactivatePassword.as_view(step="verify"),
        name="keep-verify",
    ),
    path("<int:pk>/replace/", replace.ReplacePassword.as_view(), name="replace"),
    path(
        "<int:pk>/replace/code/",
        replace.ReplacePassword.as_view(step="send_code"),
        name="replace-code",
    ),
    path(
        "<int:pk>/replace/verify/",
        replace.ReplacePassword.as_view(step="verify"),
        name="replace-verify",
    ),
    path("<int:pk>/keep-both/", replace.keep_both, name="keep-both"),
    path("<int:pk>/delete/", index.delete, name="delete"),
]
urlpatterns = [
    path("", index.index, name="index"),
    path("security-passwords/", include(passwords)),
]
