"""`leadwise work`: a process that works on jobs."""


def run() -> None:
    """Work on jobs that were asked for (training, scoring, refreshing) until Ctrl-C. `leadwise serve` starts one too.

    Logs are lines of JSON on standard output. What another process left when it was killed is begun again.
    """
    # Imported here, so that other commands need not wait for the database.
    from leadwise.app.jobs.worker import run_worker
    from leadwise.app.service.logs import set_up_logs
    from leadwise.app.settings import Settings

    settings = Settings()
    set_up_logs(settings.log_level)
    run_worker(settings)
