package accuracy

import (
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
)

// scoredHours are the times after the origin at which leads end that are scored, beside the first
// lead and the horizon.
var scoredHours = []int{1, 6, 12, 24}

// ScoredLeads returns the leads of 1..horizon whose forecasts meet their actuals, ascending: the
// first, those that end 1, 6, 12 and 24 hours after the origin, and the horizon. hour is the number
// of leads in an hour.
func ScoredLeads(horizon, hour int) []int {
	leads := []int{1}
	for _, hours := range scoredHours {
		if lead := hours * hour; lead > leads[len(leads)-1] && lead <= horizon {
			leads = append(leads, lead)
		}
	}
	if horizon > leads[len(leads)-1] {
		leads = append(leads, horizon)
	}
	return leads
}

// FirstLead is the name of lead 1.
const FirstLead = "first"

// LeadName returns the name of a lead in labels and tags: the time after the origin at which the
// lead ends, such as "24h", and FirstLead for lead 1. A name means the same for all intervals.
func LeadName(lead int, interval time.Duration) string {
	if lead == 1 {
		return FirstLead
	}
	return meter.IntervalName(time.Duration(lead) * interval)
}
