{{/* Labels that select the pods. */}}
{{- define "flinkgate.selector" -}}
app.kubernetes.io/name: flinkgate
{{- end }}

{{- define "flinkgate.labels" -}}
{{ include "flinkgate.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end }}

{{- define "flinkgate.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end -}}
{{- end }}

{{/* The Secret to mount; empty if Flinkgate manages its certificates itself. */}}
{{- define "flinkgate.mountedSecret" -}}
{{- if eq .Values.certificates.mode "certManager" -}}
flinkgate-cert-manager
{{- else if eq .Values.certificates.mode "files" -}}
{{ .Values.certificates.files.secretName }}
{{- end -}}
{{- end }}
