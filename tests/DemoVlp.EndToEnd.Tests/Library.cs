using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using DemoVlp.Contracts.Http;
using DemoVlp.Testing;

namespace DemoVlp.EndToEnd.Tests;

/// <summary>The HTTP interface as bare HTTP, so that these tests see what any client sees.</summary>
public sealed class Library : IDisposable
{
    public Library(Uri address, string? key)
    {
        Http = new HttpClient { BaseAddress = new Uri(address, "api/v1/"), Timeout = TimeSpan.FromSeconds(100) };
        if (key is not null) Http.DefaultRequestHeaders.Add("X-Api-Key", key);
    }

    public HttpClient Http { get; }

    public void Dispose() => Http.Dispose();

    public async Task<(HttpStatusCode Status, Video Video)> UploadAsync(string path, CancellationToken cancellationToken, string? title = null, params string[] captions)
    {
        await using var file = File.OpenRead(path);
        return await UploadAsync(file, Path.GetFileName(path), cancellationToken, title, captions);
    }

    public async Task<(HttpStatusCode Status, Video Video)> UploadAsync(
        Stream content, string fileName, CancellationToken cancellationToken, string? title = null, params string[] captions)
    {
        using var form = new MultipartFormDataContent();
        if (title is not null) form.Add(new StringContent(title), "title");
        foreach (var caption in captions) form.Add(new StringContent(caption), "caption");
        var part = new StreamContent(content);
        part.Headers.ContentType = new MediaTypeHeaderValue("video/mp4");
        form.Add(part, "file", fileName);
        using var response = await Http.PostAsync("videos", form, cancellationToken);
        Assert.True(response.IsSuccessStatusCode, $"{(int)response.StatusCode} {await response.Content.ReadAsStringAsync(cancellationToken)}");
        return (response.StatusCode, (await response.Content.ReadFromJsonAsync<Video>(cancellationToken))!);
    }

    /// <summary>Uploads as a client with patience does: again, until the system has taken it. The same bytes are the same video.</summary>
    public Task<Video> UploadPatientlyAsync(byte[] content, string fileName, CancellationToken cancellationToken) =>
        Eventually.ValueAsync($"{fileName} is accepted", async token =>
        {
            using var form = new MultipartFormDataContent { { new ByteArrayContent(content), "file", fileName } };
            using var response = await Http.PostAsync("videos", form, token);
            if ((int)response.StatusCode is 429 or >= 500) return null;
            Assert.True(response.IsSuccessStatusCode, $"{(int)response.StatusCode} {await response.Content.ReadAsStringAsync(token)}");
            return await response.Content.ReadFromJsonAsync<Video>(token);
        }, cancellationToken, TimeSpan.FromMinutes(2));

    public Task<Video> VideoAsync(Guid id, CancellationToken cancellationToken) => GetAsync<Video>($"videos/{id}", cancellationToken);

    public async Task<T> GetAsync<T>(string path, CancellationToken cancellationToken) =>
        (await Http.GetFromJsonAsync<T>(path, cancellationToken))!;

    public async Task<T> PostAsync<T>(string path, object body, CancellationToken cancellationToken)
    {
        using var response = await Http.PostAsJsonAsync(path, body, cancellationToken);
        Assert.True(response.IsSuccessStatusCode, $"{path}: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync(cancellationToken)}");
        return (await response.Content.ReadFromJsonAsync<T>(cancellationToken))!;
    }

    /// <summary>Status and stable code of a request that must fail.</summary>
    public async Task<(int Status, string Code)> ProblemAsync(HttpMethod method, string path, object? body, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        using var response = await Http.SendAsync(request, cancellationToken);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        var problem = await response.Content.ReadFromJsonAsync<JsonElement>(cancellationToken);
        return ((int)response.StatusCode, problem.GetProperty("code").GetString()!);
    }

    /// <summary>Waits until a video is indexed or failed.</summary>
    public async Task<Video> SettledAsync(Guid id, CancellationToken cancellationToken, TimeSpan? within = null)
    {
        var video = await Eventually.ValueAsync($"video {id} is indexed or failed",
            async token => await VideoAsync(id, token) is { Status: VideoStatus.Indexed or VideoStatus.Failed } settled ? settled : null,
            cancellationToken, within ?? TimeSpan.FromMinutes(2));
        return video;
    }

    public async Task<List<Video>> AllVideosAsync(CancellationToken cancellationToken)
    {
        var all = new List<Video>();
        for (string? cursor = null; ;)
        {
            var page = await GetAsync<Page<Video>>($"videos?limit=20{(cursor is null ? "" : $"&cursor={cursor}")}", cancellationToken);
            all.AddRange(page.Items);
            if ((cursor = page.NextCursor) is null) return all;
        }
    }

    public async Task<List<SearchHit>> SearchAllAsync(string query, CancellationToken cancellationToken)
    {
        var all = new List<SearchHit>();
        for (string? cursor = null; ;)
        {
            var page = await PostAsync<SearchResponse>("search", new SearchRequest { Query = query, Limit = 20, Cursor = cursor }, cancellationToken);
            all.AddRange(page.Items);
            if ((cursor = page.NextCursor) is null) return all;
        }
    }

    public Task ModelsReadyAsync(CancellationToken cancellationToken) => Eventually.TrueAsync("both built-in models answer", async token =>
    {
        using var response = await Http.GetAsync("models", token);
        if (!response.IsSuccessStatusCode) return false;
        var models = await response.Content.ReadFromJsonAsync<Page<Model>>(token);
        return models!.Items.Count(model => model.Active) >= 2;
    }, cancellationToken, TimeSpan.FromMinutes(2));
}
