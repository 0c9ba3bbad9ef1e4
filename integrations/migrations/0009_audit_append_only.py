"""On PostgreSQL the database itself refuses to rewrite the journal of security.

A line may only go in a transaction that says how long lines are kept, and that length is never less than 180 days.
TRUNCATE is not covered: it is how test databases are emptied, and asks for rights that the application need not hold.
"""

from django.db import migrations

FUNCTION = """
CREATE FUNCTION integrations_auditentry_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    kept integer := NULLIF(current_setting('vieuxmoulin.audit_kept_days', true), '')::integer;
BEGIN
    IF TG_OP = 'DELETE' AND kept IS NOT NULL AND OLD.at < now() - make_interval(days => GREATEST(kept, 180)) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'integrations_auditentry is append-only' USING ERRCODE = 'restrict_violation';
END
$$
"""
TRIGGER = """
CREATE TRIGGER integrations_auditentry_append_only BEFORE UPDATE OR DELETE ON integrations_auditentry
FOR EACH ROW EXECUTE FUNCTION integrations_auditentry_append_only()
"""


def close(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(FUNCTION, params=None)
        schema_editor.execute(TRIGGER, params=None)


def open_again(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP TRIGGER integrations_auditentry_append_only ON integrations_auditentry")
        schema_editor.execute("DROP FUNCTION integrations_auditentry_append_only()")


class Migration(migrations.Migration):
    dependencies = [("integrations", "0008_audit_journal")]

    operations = [migrations.RunPython(close, open_again)]
