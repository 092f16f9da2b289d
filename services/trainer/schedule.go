package trainer

import (
	"fmt"
	"time"

	"github.com/go-co-op/gocron/v2"
	"github.com/jonboulle/clockwork"
)

// ScheduleOff turns off every training that is not asked for by request.
const ScheduleOff = "off"

// ValidSchedule returns an error when schedule is neither a cron line of five fields nor
// ScheduleOff.
func ValidSchedule(schedule string) error {
	if schedule == ScheduleOff {
		return nil
	}
	cron := gocron.NewDefaultCron(false)
	if err := cron.IsValid(schedule, time.UTC, time.Unix(0, 0)); err != nil {
		return fmt.Errorf("--train-schedule %q is no schedule: "+
			"give five cron fields, e.g. \"10 2 * * *\", or off", schedule)
	}
	return nil
}

// startSchedule calls due at each time of the schedule, in the machine's zone, with the minute of
// the schedule. Shutdown of the scheduler ends the calls.
func startSchedule(
	schedule string, clock clockwork.Clock, due func(slot time.Time),
) (gocron.Scheduler, error) {
	scheduler, err := gocron.NewScheduler(gocron.WithClock(clock))
	if err != nil {
		return nil, fmt.Errorf("train schedule: %w", err)
	}
	task := gocron.NewTask(func() { due(clock.Now().Truncate(time.Minute)) })
	if _, err = scheduler.NewJob(gocron.CronJob(schedule, false), task); err != nil {
		return nil, fmt.Errorf("train schedule %q: %w", schedule, err)
	}
	scheduler.Start()
	return scheduler, nil
}
