"""What is sent to the native API and what it answers: also what the Python client gives."""
