"""The views of sign-in and settings: one module for each subject."""
