package rule

import "auto-consul/lib/registry"

// relation is how the cluster that a data directory belongs to relates to the one
// that the record names.
type relation int

const (
	sameBirth    relation = iota
	otherCluster          // the record names another cluster id
	laterTerm             // the record names a later birth of the same cluster
	earlierTerm           // the record names an earlier one
)

// relationTo compares the record with the cluster and the term that a data directory or
// a decision names. Every rule about foreign data rests on it (R12, R27, R30).
func (r Record) relationTo(clusterID string, term int64) relation {
	switch {
	case r.ClusterID != clusterID:
		return otherCluster
	case r.Bootstrap.Term > term:
		return laterTerm
	case r.Bootstrap.Term < term:
		return earlierTerm
	}
	return sameBirth
}

// forgetOther forgets the cluster that a node without raft data was to be a server of, where
// the registry names another now: all of that cluster's servers were lost before it had
// found them (R12).
func (in *Input) forgetOther() {
	kept := in.Self.Membership
	if in.Self.Mode == registry.Server && kept.Open && !in.Self.Raft && kept.ClusterID != in.Seen.Record.ClusterID {
		in.Self.Membership = Membership{Open: true, GaveBack: kept.GaveBack, CandidateFrom: kept.CandidateFrom}
	}
}
