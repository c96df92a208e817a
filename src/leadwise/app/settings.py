"""Settings from the environment. Each has a `LEADWISE_` name; the database's older names are understood too."""

from functools import cached_property
from pathlib import Path

import platformdirs
from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from leadwise.features.engines.choice import DUCKDB

DEFAULT_PORT = 5432


def _either(name: str) -> tuple[str, str]:
    """Our name of a variable, and the one that older services know."""
    return f"LEADWISE_{name}", name


class Settings(BaseSettings):
    """What the environment says; the defaults need nothing."""

    model_config = SettingsConfigDict(env_prefix="LEADWISE_", env_ignore_empty=True, extra="ignore", frozen=True)

    data_folder: Path = Field(
        default_factory=lambda: Path(platformdirs.user_data_dir("leadwise")),
        validation_alias=AliasChoices("LEADWISE_DATA_FOLDER", *_either("MODEL_DIR"), *_either("MODEL_PATH")),
    )
    """Where the embedded PostgreSQL keeps its data (models are in it), and snapshots of features unless `feature_store`
    is given."""
    feature_store: str | None = None
    """The folder or fsspec URL of the feature store; None: `feature-store` in the data folder."""
    blueprints: Path | None = None
    """The folder of the installation's own blueprints; None: `blueprints` in the data folder."""
    engine: str = DUCKDB
    """What computes features: "duckdb" within this process, "spark-local", or "spark://HOST:PORT"."""
    spark_folder: Path | None = None
    """A folder that all machines of a Spark cluster see under this path; None: all of them are this machine."""
    spark_memory: str = "2g"
    """How much each of Spark's Java processes may take."""
    database_url: SecretStr | None = None
    """A PostgreSQL server; None: DB_HOST and its kin, or else the embedded one."""
    db_host: str | None = Field(default=None, validation_alias=AliasChoices("LEADWISE_DB_HOST", "DB_HOST"))
    db_port: int = Field(default=DEFAULT_PORT, validation_alias=AliasChoices("LEADWISE_DB_PORT", "DB_PORT"))
    db_name: str | None = Field(default=None, validation_alias=AliasChoices("LEADWISE_DB_NAME", "DB_NAME"))
    db_user: str | None = Field(default=None, validation_alias=AliasChoices("LEADWISE_DB_USER", "DB_USER"))
    db_password: SecretStr | None = Field(
        default=None, validation_alias=AliasChoices("LEADWISE_DB_PASSWORD", "DB_PASSWORD")
    )

    key: SecretStr | None = None
    """What commands with `--server` ask a service with; as `leadwise keys add` printed it."""
    host: str = Field(default="127.0.0.1", validation_alias=AliasChoices(*_either("HOST")))
    port: int = Field(default=8000, ge=0, le=65535, validation_alias=AliasChoices(*_either("PORT")))
    workers: int = Field(default=1, ge=1, le=64, validation_alias=AliasChoices(*_either("WORKERS")))
    log_level: str = Field(default="INFO", validation_alias=AliasChoices(*_either("LOG_LEVEL")))
    """DEBUG, INFO, WARNING or ERROR."""
    requests_per_minute: int = Field(default=0, ge=0)
    """How often each key may ask the service; 0: as often as it likes."""
    trusted_proxies: str = ""
    """The addresses of proxies, with commas between them, whose X-Forwarded headers are believed; empty: nobody's."""

    root_path: str = ""
    """The path below which a proxy offers the service: "/leadwise"; empty: none."""

    crm_seller_webhook_url: SecretStr | None = Field(
        default=None, validation_alias=AliasChoices(*_either("CRM_SELLER_WEBHOOK_URL"))
    )
    """Where properties that are pushed go; None: nowhere. It is trusted, internal addresses included."""
    crm_seller_webhook_token: SecretStr | None = Field(
        default=None, validation_alias=AliasChoices(*_either("CRM_SELLER_WEBHOOK_TOKEN"))
    )
    """The bearer token that is sent along; None: none."""

    @property
    def feature_store_place(self) -> str:
        """The folder or URL of the feature store."""
        return self.feature_store or str(self.data_folder / "feature-store")

    @property
    def blueprints_folder(self) -> Path:
        """The folder of own blueprints, which need not be there."""
        return self.blueprints or self.data_folder / "blueprints"

    @cached_property
    def server_url(self) -> str | None:
        """The URL of the PostgreSQL server, with its password; None for the embedded one."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        if not (self.db_host or self.db_name or self.db_user):
            return None
        from sqlalchemy import URL  # noqa: PLC0415 - most commands need no database

        url = URL.create(
            "postgresql",
            username=self.db_user or "postgres",
            password=self.db_password.get_secret_value() if self.db_password else None,
            host=self.db_host or "localhost",
            port=self.db_port,
            database=self.db_name or "leadwise",
        )
        return url.render_as_string(hide_password=False)
