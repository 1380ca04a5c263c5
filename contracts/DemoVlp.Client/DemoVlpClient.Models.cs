using System.Globalization;
using DemoVlp.Contracts.Http;

namespace DemoVlp.Client;

public sealed partial class DemoVlpClient
{
    /// <summary>All models.</summary>
    public IAsyncEnumerable<Model> ListModelsAsync(CancellationToken cancellationToken = default) => ListAsync("models", ClientJson.Default.PageModel, cancellationToken);

    /// <summary>One model.</summary>
    public Task<Model> GetModelAsync(string version, CancellationToken cancellationToken = default) => GetAsync(Of(version), ClientJson.Default.Model, cancellationToken);

    /// <summary>A model's card, as Markdown. The stream is the caller's to dispose.</summary>
    public Task<Stream> OpenModelCardAsync(string version, CancellationToken cancellationToken = default) => OpenAsync($"{Of(version)}/card", 0, cancellationToken);

    /// <summary>A file of a model's directory. The stream is the caller's to dispose.</summary>
    /// <param name="version">The model.</param>
    /// <param name="name"><c>config.json</c>, <c>model.safetensors</c>, <c>vocab.txt</c>, <c>answers.txt</c> or <c>README.md</c>.</param>
    /// <param name="offset">The first byte wanted.</param>
    /// <param name="cancellationToken">Stops the request.</param>
    public Task<Stream> OpenModelFileAsync(string version, string name, long offset = 0, CancellationToken cancellationToken = default) =>
        OpenAsync($"{Of(version)}/files/{Uri.EscapeDataString(name)}", offset, cancellationToken);

    /// <summary>Lets a model answer from now on, as soon as every video is embedded with it. Also the way back to an older one.</summary>
    /// <param name="version">The model.</param>
    /// <param name="force">Activates it although it was measured to be worse than the one that answers (<c>gate-failed</c>).</param>
    /// <param name="cancellationToken">Stops the request.</param>
    /// <returns>The model; its <see cref="Model.Activation"/> says how far that is.</returns>
    public Task<Model> ActivateModelAsync(string version, bool force = false, CancellationToken cancellationToken = default) =>
        PostAsync($"{Of(version)}/activate{(force ? "?force=true" : "")}", ClientJson.Default.Model, cancellationToken);

    /// <summary>How the activation of a model is doing, until it answers or has failed.</summary>
    public IAsyncEnumerable<Model> WatchModelAsync(string version, CancellationToken cancellationToken = default) => WatchAsync($"{Of(version)}/events", ClientJson.Default.Model, cancellationToken);

    /// <summary>Imports a model from files, which are streamed; nothing is held in memory.</summary>
    /// <param name="upload">The files.</param>
    /// <param name="progress">Told how many bytes of the present file have been sent so far.</param>
    /// <param name="cancellationToken">Stops the upload.</param>
    /// <returns>The model: a new one, or, if no name is given, the one of the same content that is there.</returns>
    public async Task<Model> ImportModelAsync(ModelUpload upload, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        using var form = new MultipartFormDataContent();
        Add("name", upload.Name);
        Add("description", upload.Description);
        Add("frames", upload.Frames?.ToString(CultureInfo.InvariantCulture));
        Add("regions", upload.Regions?.ToString(CultureInfo.InvariantCulture));
        Add("featureDim", upload.FeatureDim?.ToString(CultureInfo.InvariantCulture));
        Add("headWidth", upload.HeadWidth?.ToString(CultureInfo.InvariantCulture));
        var opened = new List<FileStream>();
        try
        {
            foreach (var (part, path) in upload.Files)
            {
                opened.Add(File.OpenRead(path));
                form.Add(new ProgressContent(opened[^1], progress), part, HeaderSafe(Path.GetFileName(path)));
            }
            var request = new HttpRequestMessage(HttpMethod.Post, Root + "models") { Content = form };
            request.Headers.ExpectContinue = true;
            using var response = await SendAsync(request, HttpCompletionOption.ResponseContentRead, cancellationToken);
            return await ReadAsync(response, ClientJson.Default.Model, cancellationToken);
        }
        finally
        {
            foreach (var file in opened) await file.DisposeAsync();
        }

        void Add(string name, string? value)
        {
            if (value is not null) form.Add(new StringContent(value), name);
        }
    }

    /// <summary>Imports a model from files that lie in the system's import folder, or from the weights that a training run has kept which failed or was cancelled.</summary>
    public Task<Model> ImportModelAsync(ModelImportRequest request, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, "models", request, ClientJson.Default.ModelImportRequest, ClientJson.Default.Model, cancellationToken);

    /// <summary>Queues a measurement of a model on a split of a data set.</summary>
    public Task<Evaluation> StartEvaluationAsync(EvaluationRequest request, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, "evaluations", request, ClientJson.Default.EvaluationRequest, ClientJson.Default.Evaluation, cancellationToken);

    /// <summary>Evaluations, newest first.</summary>
    /// <param name="model">Only those of this version; null: all.</param>
    /// <param name="cancellationToken">Stops the listing.</param>
    public IAsyncEnumerable<Evaluation> ListEvaluationsAsync(string? model = null, CancellationToken cancellationToken = default) =>
        ListAsync(With("evaluations", "model", model), ClientJson.Default.PageEvaluation, cancellationToken);

    /// <summary>One evaluation.</summary>
    public Task<Evaluation> GetEvaluationAsync(Guid id, CancellationToken cancellationToken = default) => GetAsync($"evaluations/{id}", ClientJson.Default.Evaluation, cancellationToken);

    /// <summary>How an evaluation is doing, until it has ended.</summary>
    public IAsyncEnumerable<Evaluation> WatchEvaluationAsync(Guid id, CancellationToken cancellationToken = default) => WatchAsync($"evaluations/{id}/events", ClientJson.Default.Evaluation, cancellationToken);

    /// <summary>Stops an evaluation.</summary>
    public Task<Evaluation> CancelEvaluationAsync(Guid id, CancellationToken cancellationToken = default) => PostAsync($"evaluations/{id}/cancel", ClientJson.Default.Evaluation, cancellationToken);

    private static string Of(string version) => $"models/{Uri.EscapeDataString(version)}";
}

/// <summary>Files to import a model from.</summary>
/// <param name="Files">
/// Each with its part of the form: <c>model</c> (the files of a model directory), or <c>checkpoint</c>, <c>vocabulary</c>, <c>answers</c>, or <c>distilbert</c> (the files of its
/// directory) and <c>vit</c>.
/// </param>
public sealed record ModelUpload(IReadOnlyList<(string Part, string Path)> Files)
{
    /// <summary>Version of the new model; made up from its content if left out.</summary>
    public string? Name { get; init; }

    /// <summary>What it is, in a sentence.</summary>
    public string? Description { get; init; }

    /// <summary>Frames of a video that it looks at; the checkpoint's, or 8.</summary>
    public int? Frames { get; init; }

    /// <summary>Regions of a frame; the checkpoint's, or 30.</summary>
    public int? Regions { get; init; }

    /// <summary>Numbers in a region feature; the checkpoint's, or 2048.</summary>
    public int? FeatureDim { get; init; }

    /// <summary>Width of one attention head, which no checkpoint tells; 64, as in all published models, if left out.</summary>
    public int? HeadWidth { get; init; }
}
