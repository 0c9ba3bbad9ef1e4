"""Files of lines and columns, CSV and workbooks, read whatever program wrote them, and written for any to read."""
