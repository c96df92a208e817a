"""The only room that speaks SQL: tables, migrations, repositories."""
