using System.Text.Json;
using System.Text.Json.Serialization;
using DemoVlp.Contracts.Http;

namespace DemoVlp.Client;

/// <summary>Serialisation without reflection, so that client apps can be trimmed or compiled ahead of time.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Video))]
[JsonSerializable(typeof(Page<Video>))]
[JsonSerializable(typeof(VideoRegions))]
[JsonSerializable(typeof(ReExtraction))]
[JsonSerializable(typeof(CaptionsUpdate))]
[JsonSerializable(typeof(SearchRequest))]
[JsonSerializable(typeof(SearchResponse))]
[JsonSerializable(typeof(QuestionRequest))]
[JsonSerializable(typeof(QuestionResponse))]
[JsonSerializable(typeof(ChoiceRequest))]
[JsonSerializable(typeof(ChoiceResponse))]
[JsonSerializable(typeof(LibraryQuestionRequest))]
[JsonSerializable(typeof(LibraryQuestionResponse))]
[JsonSerializable(typeof(TrainingRunRequest))]
[JsonSerializable(typeof(TrainingEstimate))]
[JsonSerializable(typeof(TrainingRun))]
[JsonSerializable(typeof(Page<TrainingRun>))]
[JsonSerializable(typeof(Model))]
[JsonSerializable(typeof(Page<Model>))]
[JsonSerializable(typeof(ModelImportRequest))]
[JsonSerializable(typeof(EvaluationRequest))]
[JsonSerializable(typeof(Evaluation))]
[JsonSerializable(typeof(Page<Evaluation>))]
[JsonSerializable(typeof(DatasetRequest))]
[JsonSerializable(typeof(Dataset))]
[JsonSerializable(typeof(Page<Dataset>))]
[JsonSerializable(typeof(Page<DatasetClip>))]
[JsonSerializable(typeof(UnusableClip))]
[JsonSerializable(typeof(ProblemDocument))]
internal sealed partial class ClientJson : JsonSerializerContext;

/// <summary>An error as the system writes it (RFC 9457).</summary>
internal sealed record ProblemDocument(int? Status, string? Title, string? Detail, string? Code, string? TraceId);
