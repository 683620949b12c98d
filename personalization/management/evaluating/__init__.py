"""What `manage.py evaluate_recommendations` is made of besides the figures: files, options, and runs that go on."""
