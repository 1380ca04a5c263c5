using System.Diagnostics;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace DemoVlp.Gateway.Tests;

/// <summary>The command <c>demovlp</c> as a process, through the gateway.</summary>
public sealed class CommandTests
{
    private const string Search = """{"query":"red circle","modelVersion":"m","items":[{"videoId":"0190a0b0-0000-7000-8000-000000000001","title":"A \u001b[31mclip","score":1.5,"globalScore":1,"localScore":0.5,"moment":{"frameIndex":1,"timestampSeconds":62.5},"evidence":[]}]}""";

    [Fact]
    public async Task Search_WhenFound_PrintsATableWithoutControlCharacters()
    {
        await using var backend = await JsonBackendAsync(Search);
        await using var gateway = await TestGateway.StartAsync(backend.Address, $"--Gateway:ApiKeyHashes={TestGateway.HashOf("k")}");

        var (code, output, _) = await RunAsync("search", "red", "circle", "--url", gateway.Http.BaseAddress!.ToString(), "--key", "k");

        Assert.Equal(0, code);
        Assert.Contains("1:02.5", output);
        Assert.DoesNotContain('\u001b', output);
    }

    [Fact]
    public async Task Search_WhenAskedForJson_PrintsTheAnswerOnOneLine()
    {
        await using var backend = await JsonBackendAsync(Search);
        await using var gateway = await TestGateway.StartAsync(backend.Address);

        var (code, output, _) = await RunAsync("search", "red circle", "--json", "--url", gateway.Http.BaseAddress!.ToString());

        Assert.Equal(0, code);
        Assert.Equal(1.5, JsonDocument.Parse(output.Trim()).RootElement.GetProperty("items")[0].GetProperty("score").GetDouble());
        Assert.Single(output.Trim().Split('\n'));
    }

    [Fact]
    public async Task Upload_WhenSeveralAreWaitedFor_SendsAllFirstAndSaysWhatBecameOfEach()
    {
        string At(string id, string status) => $$"""{"id":"0190a0b0-0000-7000-8000-00000000000{{id}}","title":"t","status":"{{status}}","sha256":"aa","bytes":1,"captions":[],"frames":[],"createdAt":"2026-01-02T03:04:05Z","failure":{{(status == "failed" ? """{"code":"no-video-stream","detail":"There is no picture."}""" : "null")}}}""";
        var sent = 0;
        await using var backend = await Backend.StartAsync(async context =>
        {
            if (HttpMethods.IsPost(context.Request.Method)) await context.Request.Body.CopyToAsync(Stream.Null);
            var (path, post) = (context.Request.Path.Value!, HttpMethods.IsPost(context.Request.Method));
            var events = path.EndsWith("/events", StringComparison.Ordinal);
            context.Response.ContentType = events ? "text/event-stream" : "application/json";
            var video = post ? At($"{++sent}", "uploaded") : path.Contains("0001", StringComparison.Ordinal) ? At("1", "indexed") : At("2", "failed");
            await context.Response.WriteAsync(events ? $"data: {video}\n\n" : video);
        });
        await using var gateway = await TestGateway.StartAsync(backend.Address);
        var folder = Directory.CreateTempSubdirectory("demovlp-test-");
        try
        {
            string[] files = [Path.Combine(folder.FullName, "a.mp4"), Path.Combine(folder.FullName, "b.mp4")];
            foreach (var file in files) await File.WriteAllTextAsync(file, file, TestContext.Current.CancellationToken);

            var (code, output, _) = await RunAsync(["upload", .. files, "--wait", "--url", gateway.Http.BaseAddress!.ToString()]);

            Assert.Equal(4, code);
            Assert.Equal(["POST", "POST", "GET", "GET", "GET", "GET"], backend.Seen.Select(s => s.Split(' ')[0]));
            Assert.Contains("a.mp4: indexed", output);
            Assert.Contains("b.mp4: failed (no-video-stream): There is no picture.", output);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("GET", "--dry-run")]
    [InlineData("POST")]
    public async Task ReExtract_WhenDry_OnlyAsks(string expected, params string[] arguments)
    {
        var method = "";
        await using var backend = await Backend.StartAsync(context =>
        {
            (method, context.Response.ContentType) = (context.Request.Method, "application/json");
            return context.Response.WriteAsync("""{"detector":"shapes","detectorHash":"0123456789abcdef","videos":3,"queued":2,"underWay":1,"failed":0}""");
        });
        await using var gateway = await TestGateway.StartAsync(backend.Address);

        var (code, output, _) = await RunAsync(["regions", "re-extract", .. arguments, "--url", gateway.Http.BaseAddress!.ToString()]);

        Assert.Equal((0, expected), (code, method));
        Assert.Contains("shapes 01234567", output);
        Assert.Equal(expected == "POST", output.Contains("Begun now", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Train_WhenOnlyAnEstimateIsWanted_StartsNothingAndSaysWhatItWouldTake()
    {
        await using var backend = await JsonBackendAsync(
            """{"samples":1200,"validationSamples":200,"batchSize":16,"stepsPerEpoch":75,"steps":1500,"bytes":524288000,"seconds":95.5,"basis":"arithmetic","withoutFeatures":0}""");
        await using var gateway = await TestGateway.StartAsync(backend.Address);

        var (code, output, _) = await RunAsync("train", "--dataset", "shapes-7", "--patience", "3", "--losses", "global", "--estimate", "--url", gateway.Http.BaseAddress!.ToString());

        Assert.Equal(0, code);
        Assert.Equal(["POST /api/v1/training-runs/estimate"], backend.Seen);
        Assert.Contains("1500, 75 a pass", output);
        Assert.Contains("500 MiB", output);
        Assert.Contains("about 1:35.5, to a factor of three", output);
    }

    [Fact]
    public async Task Train_WhenWatched_SaysPassLossesLearningRateSpeedTimeLeftAndValidation()
    {
        const string Run = """{"id":"0190a0b0-0000-7000-8000-000000000001","state":"STATE","phase":"training","task":"retrieval","dataset":"shapes-7","epochs":20,"batchSize":16,"learningRate":0.0002,"seed":0,"lossTerms":"both","validate":true,"step":150,"totalSteps":1500,"epoch":2,"losses":{"total":3.25,"global":2,"local":1.25},"currentLearningRate":0.00015,"samplesPerSecond":80.5,"secondsLeft":268,"metrics":{"r1":41.5},"bestMetrics":{"r1":43},"bestEpoch":1,"coreHours":0.01,"wallSeconds":30,"createdAt":"2026-01-01T00:00:00Z"ENDED}""";
        string At(string state, string ended) => Run.Replace("STATE", state, StringComparison.Ordinal).Replace("ENDED", ended, StringComparison.Ordinal);
        var done = At("completed", ""","endedAt":"2026-01-01T00:10:00Z","modelVersion":"m-1" """);
        await using var backend = await Backend.StartAsync(context =>
        {
            var events = context.Request.Path.Value!.EndsWith("/events", StringComparison.Ordinal);
            context.Response.ContentType = events ? "text/event-stream" : "application/json";
            if (events) return context.Response.WriteAsync($"data: {At("running", "")}\n\ndata: {done}\n\n");
            return context.Response.WriteAsync(HttpMethods.IsPost(context.Request.Method) ? At("queued", "") : done);
        });
        await using var gateway = await TestGateway.StartAsync(backend.Address);

        var (code, output, _) = await RunAsync("train", "--dataset", "shapes-7", "--watch", "--url", gateway.Http.BaseAddress!.ToString());

        Assert.Equal(0, code);
        Assert.Contains("training  pass 2/20  step 150/1500  loss 3.2500 (global 2.0000, local 1.2500)  lr 1.5e-4  val r1 41.5  80.5 pairs/s  4:28.0 left", output);
        Assert.Contains("r1 43 (after pass 1)", output);
        Assert.Contains("m-1", output);
    }

    [Fact]
    public async Task ModelsImport_OfARun_MakesAModelOfWhatItHasKept()
    {
        var asked = "";
        await using var backend = await Backend.StartAsync(async context =>
        {
            asked = await new StreamReader(context.Request.Body).ReadToEndAsync();
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync("""{"version":"kept-1","task":"retrieval","origin":"trained","description":"","active":false,"featureDim":256,"frames":8,"regionsPerFrame":4,"projectionDim":128,"createdAt":"2026-01-01T00:00:00Z"}""");
        });
        await using var gateway = await TestGateway.StartAsync(backend.Address);

        var (code, output, _) = await RunAsync("models", "import", "--run", "0190a0b0-0000-7000-8000-000000000001", "--name", "kept-1", "--url", gateway.Http.BaseAddress!.ToString());

        Assert.Equal(0, code);
        Assert.Equal(["POST /api/v1/models"], backend.Seen);
        Assert.Contains("\"run\":\"0190a0b0-0000-7000-8000-000000000001\"", asked);
        Assert.Contains("\"name\":\"kept-1\"", asked);
        Assert.Contains("kept-1", output);
    }

    [Theory]
    [InlineData(1, "unauthorized", "videos")]
    [InlineData(2, "", "ask", "no-id", "what?")]
    [InlineData(2, "", "unknown-command")]
    [InlineData(2, "besides --run only", "models", "import", "--run", "0190a0b0-0000-7000-8000-000000000001", "--frames", "4")]
    public async Task Command_WhenItCannotBeDone_SaysWhyInOneLineAndInItsExitCode(int expected, string reason, params string[] arguments)
    {
        await using var gateway = await TestGateway.StartAsync("http://127.0.0.1:9", $"--Gateway:ApiKeyHashes={TestGateway.HashOf("k")}");

        var (code, _, error) = await RunAsync([.. arguments, "--url", gateway.Http.BaseAddress!.ToString()]);

        Assert.Equal(expected, code);
        Assert.Contains(reason, error);
        Assert.DoesNotContain("   at ", error);
    }

    [Fact]
    public async Task Command_WhenNobodyAnswers_Is3()
    {
        var (code, _, error) = await RunAsync("videos", "--url", "http://127.0.0.1:9");

        Assert.Equal(3, code);
        Assert.Single(error.Trim().Split('\n'));
    }

    private static Task<Backend> JsonBackendAsync(string json) => Backend.StartAsync(context =>
    {
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(json);
    });

    private static async Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "demovlp.dll"), .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment.Remove("DEMOVLP_API_KEY");
        start.Environment.Remove("DEMOVLP_URL");
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await output, await error);
    }
}
