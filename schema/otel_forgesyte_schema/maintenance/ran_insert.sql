-- Remember that retention found nothing more to do.
INSERT INTO otel.housekeeping (task, ran_at) VALUES ('retention', $now);
