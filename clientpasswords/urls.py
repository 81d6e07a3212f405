from django.urls import include, path

from clientpasswords import views

app_name = "clientpasswords"
passwords = [
    path("enable/", views.enable, name="enable"),
    path("disable/", views.disable, name="disable"),
    path("new/", views.new, name="new"),
    path("new/code/", views.send_code, name="code"),
    path("new/verify/", views.verify, name="verify"),
    path("<int:pk>/name/", views.name, name="name"),
    path("<int:pk>/delete/", views.delete, name="delete"),
]
urlpatterns = [
    path("", views.index, name="index"),
    path("security-passwords/", include(passwords)),
]
