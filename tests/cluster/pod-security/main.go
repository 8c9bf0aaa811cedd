// Asks Kubernetes' own evaluator of the Pod Security Standards: pods come in as JSON, one a line, and for each one line says
// which checks it violates at each level and version.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	kjson "sigs.k8s.io/json"
)

// One minor version more than the evaluator knows is asked about; after it comes "latest".
const versionsAfterNewest = 1

// Verdict is what a range of versions says of a pod.
type Verdict struct {
	// Since is the first minor version of the range; -1 stands for "latest".
	Since int `json:"since"`
	// Violated are the ids of the checks, sorted.
	Violated []string `json:"violated"`
}

// Answer is the line for one pod.
type Answer struct {
	// Error says why the pod cannot be read, so that no API server would ask about it.
	Error      string    `json:"error,omitempty"`
	Baseline   []Verdict `json:"baseline,omitempty"`
	Restricted []Verdict `json:"restricted,omitempty"`
}

func main() {
	evaluator, newest, err := evaluatorThatNamesChecks()
	if err != nil {
		fail(err)
	}
	input := bufio.NewScanner(os.Stdin)
	input.Buffer(nil, 64<<20)
	output := bufio.NewWriter(os.Stdout)
	encoder := json.NewEncoder(output)
	for input.Scan() {
		if err := encoder.Encode(answer(evaluator, newest, input.Bytes())); err != nil {
			fail(err)
		}
		// Whoever asks may wait for this line before it sends the next one.
		if err := output.Flush(); err != nil {
			fail(err)
		}
	}
	if err := input.Err(); err != nil {
		fail(err)
	}
}

// evaluatorThatNamesChecks is Kubernetes' evaluator with all its checks, each of which gives its id for a reason, and the
// newest minor version that any of them names.
func evaluatorThatNamesChecks() (policy.Evaluator, int, error) {
	checks := policy.DefaultChecks()
	newest := 0
	for i := range checks {
		id := string(checks[i].ID)
		for j := range checks[i].Versions {
			check := checks[i].Versions[j].CheckPod
			checks[i].Versions[j].CheckPod = func(metadata *metav1.ObjectMeta, spec *corev1.PodSpec) policy.CheckResult {
				result := check(metadata, spec)
				result.ForbiddenReason = id
				return result
			}
			newest = max(newest, checks[i].Versions[j].MinimumVersion.Minor())
		}
	}
	evaluator, err := policy.NewEvaluator(checks, nil)
	return evaluator, newest, err
}

func answer(evaluator policy.Evaluator, newest int, line []byte) Answer {
	// As the API server reads JSON: names in exactly this case, the last of two equal ones counts.
	var pod corev1.Pod
	if err := kjson.UnmarshalCaseSensitivePreserveInts(line, &pod); err != nil {
		return Answer{Error: err.Error()}
	}
	// What the API server puts there before it asks PodSecurity admission.
	for i := range pod.Spec.Volumes {
		if pod.Spec.Volumes[i].VolumeSource == (corev1.VolumeSource{}) {
			pod.Spec.Volumes[i].EmptyDir = &corev1.EmptyDirVolumeSource{}
		}
	}
	return Answer{
		Baseline:   verdicts(evaluator, newest, api.LevelBaseline, &pod),
		Restricted: verdicts(evaluator, newest, api.LevelRestricted, &pod),
	}
}

// verdicts are those of all versions, where neighbours that say the same are one.
func verdicts(evaluator policy.Evaluator, newest int, level api.Level, pod *corev1.Pod) []Verdict {
	var all []Verdict
	add := func(since int, version api.Version) {
		violated := []string{}
		for _, result := range evaluator.EvaluatePod(api.LevelVersion{Level: level, Version: version}, &pod.ObjectMeta, &pod.Spec) {
			if !result.Allowed {
				violated = append(violated, result.ForbiddenReason)
			}
		}
		slices.Sort(violated)
		if len(all) == 0 || since < 0 || !slices.Equal(all[len(all)-1].Violated, violated) {
			all = append(all, Verdict{Since: since, Violated: violated})
		}
	}
	for minor := 0; minor <= newest+versionsAfterNewest; minor++ {
		add(minor, api.MajorMinorVersion(1, minor))
	}
	add(-1, api.LatestVersion())
	return all
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
