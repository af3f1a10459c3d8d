from tests.jobs.fakes import team as team
