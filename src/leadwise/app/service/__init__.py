"""The parts of the service, as the API asks for them, and the processes that run them."""
