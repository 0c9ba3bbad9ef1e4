"""The message that the measures send, by us and by those we compare with."""

SUBJECT = "{{title}} {{customer.first_name}}"
BODY = "<p>Bonjour {{customer.first_name}}, {{title}}</p>"
SMS = "{{title}} {{customer.first_name}}"
