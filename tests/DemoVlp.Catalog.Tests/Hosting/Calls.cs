using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using DemoVlp.Catalog.Data;
using DemoVlp.Contracts.Http;

namespace DemoVlp.Catalog.Tests.Hosting;

/// <summary>What clients do.</summary>
internal static class Calls
{
    public const string Videos = "/api/v1/videos";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Bytes that no other test uploads; they begin like an mp4.</summary>
    public static byte[] NewClip(int length = 2000)
    {
        var bytes = new byte[length];
        Random.Shared.NextBytes(bytes);
        "\0\0\0\u0018ftypisom"u8.CopyTo(bytes);
        return bytes;
    }

    public static MultipartFormDataContent Form(byte[] file, string fileName = "clip.mp4") => new() { { new ByteArrayContent(file), "file", fileName } };

    public static MultipartFormDataContent With(this MultipartFormDataContent form, string name, string value)
    {
        form.Add(new StringContent(value), name);
        return form;
    }

    public static Task<HttpResponseMessage> UploadAsync(this HttpClient client, HttpContent form) => client.PostAsync(Videos, form, Token);

    public static async Task<Video> UploadedAsync(this HttpClient client, byte[]? file = null)
    {
        using var response = await client.UploadAsync(Form(file ?? NewClip()));
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        return await response.VideoAsync();
    }

    public static async Task<Video> VideoAsync(this HttpResponseMessage response) => (await response.Content.ReadFromJsonAsync<Video>(Token))!;

    public static async Task<Video> GetVideoAsync(this HttpClient client, Guid id) => (await client.GetFromJsonAsync<Video>($"{Videos}/{id}", Token))!;

    public static async Task<Page<Video>> ListAsync(this HttpClient client, string query) => (await client.GetFromJsonAsync<Page<Video>>($"{Videos}?{query}", Token))!;

    /// <summary>Checks that an answer is the problem expected, in the form that all problems have.</summary>
    public static async Task IsProblemAsync(this HttpResponseMessage response, HttpStatusCode status, string code)
    {
        var body = await response.Content.ReadAsStringAsync(Token);
        Assert.True(response.StatusCode == status, $"{(int)response.StatusCode} {body}");
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        using var problem = JsonDocument.Parse(body);
        Assert.Equal(code, problem.RootElement.GetProperty("code").GetString());
        Assert.NotEmpty(problem.RootElement.GetProperty("detail").GetString()!);
    }

    /// <summary>Checks that the store holds the files of the live videos and nothing else.</summary>
    public static async Task HoldsNothingButItsVideosAsync(this CatalogHost host)
    {
        var rows = await host.ScopedAsync((CatalogDbContext database) => Task.FromResult(database.LiveVideos.Select(v => v.Id).ToArray()));
        Assert.Equal(rows.SelectMany(id => new[] { $"videos/{id:n}", $"videos/{id:n}/source" }).Order(), host.Files().Order());
    }

    /// <summary>A multipart body by hand, for what no proper client sends.</summary>
    public static ByteArrayContent Raw(string body, string contentType)
    {
        var content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
        content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        return content;
    }
}
