using System.Diagnostics;
using System.Text.Json;
using DemoVlp.Testing;

namespace DemoVlp.MovingShapes.Tests;

public sealed class DataSetFilesTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Write_GivesVideosTruthAndMsrvttsFiles()
    {
        await DataSetFiles.WriteAsync(folder.Path, 3, Vocabulary.Standard, new Dictionary<Split, int> { [Split.Train] = 3, [Split.Test] = 2 }, null, TestContext.Current.CancellationToken);

        Assert.Equal(["test0.mp4", "test1.mp4", "train0.mp4", "train1.mp4", "train2.mp4"], Directory.EnumerateFiles(folder["videos/all"]).Select(f => Path.GetFileName(f)).Order());
        Assert.Equal("h264,320,240,yuv420p,8/1,24", await ProbeAsync(folder["videos/all/test0.mp4"]));
        AssertTruth(Lines("scenes.jsonl"));

        var annotations = JsonDocument.Parse(File.ReadAllText(folder["annotation/MSR_VTT.json"])).RootElement.GetProperty("annotations").EnumerateArray().ToArray();
        Assert.All(annotations.GroupBy(a => a.GetProperty("image_id").GetString()), clip => Assert.True(clip.Count() >= 5));
        Assert.Equal(["train0", "train1", "train2"], File.ReadAllLines(folder["high-quality/structured-symlinks/train_list_jsfusion.txt"]));
        Assert.Equal(["test0", "test1"], File.ReadAllLines(folder["high-quality/structured-symlinks/val_list_jsfusion.txt"]));
        Assert.Equal(["test0", "test1"], File.ReadAllLines(folder["high-quality/structured-symlinks/test_list_full.txt"]));

        // As Python's pickle.dumps({"test0": 0, "test1": 0}, 2) gives it, without the memo that nothing refers to.
        Assert.Equal("80027D2858050000007465737430" + "4B00" + "58050000007465737431" + "4B00" + "752E",
            Convert.ToHexString(File.ReadAllBytes(folder["high-quality/structured-symlinks/jsfusion_val_caption_idx.pkl"])));

        var labels = JsonDocument.Parse(File.ReadAllText(folder["msrvtt_train_ans2label.json"])).RootElement;
        var questions = Lines("msrvtt_qa_train.jsonl");
        Assert.All(questions, q =>
        {
            Assert.StartsWith("train", q.GetProperty("video_id").GetString());
            Assert.EndsWith("?", q.GetProperty("question").GetString());
            Assert.True(labels.TryGetProperty(q.GetProperty("answer").GetString()!, out _));
            Assert.Contains(q.GetProperty("answer_type").GetString(), (string[])["what", "color", "number", "where", "how"]);
        });
        Assert.All(Lines("msrvtt_mc_test.jsonl"), c => Assert.Equal(c.GetProperty("title").GetString(),
            c.GetProperty("options")[int.Parse(c.GetProperty("answer").GetString()!, System.Globalization.CultureInfo.InvariantCulture)].GetString()));
    }

    [Fact]
    public async Task ClipEncoder_OfTheSameScene_WritesTheSameBytes()
    {
        var scene = new MovingShapesSet(3).Scenes(Split.Train).First();
        foreach (var name in new[] { "one.mp4", "two.mp4" }) await ClipEncoder.WriteAsync(scene, folder[name], TestContext.Current.CancellationToken);
        Assert.Equal(File.ReadAllBytes(folder["one.mp4"]), File.ReadAllBytes(folder["two.mp4"]));
    }

    private static void AssertTruth(JsonElement[] lines)
    {
        Assert.Equal(5, lines.Length);
        var scene = new MovingShapesSet(3).Scenes(Split.Train).First();
        var told = lines[0].GetProperty("objects");
        Assert.Equal(scene.Objects.Select(o => Vocabulary.Name(o.Traits.Shape)), told.EnumerateArray().Select(o => o.GetProperty("shape").GetString()));
        var box = scene.Objects[0].Box(23);
        Assert.Equal([box.Left, box.Top, box.Right, box.Bottom], told[0].GetProperty("boxes")[23].EnumerateArray().Select(v => v.GetDouble()), (a, b) => Math.Abs(a - b) < 0.01);
        Assert.Equal(Scene.FrameCount, told[0].GetProperty("visible").GetArrayLength());
    }

    private JsonElement[] Lines(string file) => [.. File.ReadAllLines(folder[file]).Select(line => JsonDocument.Parse(line).RootElement)];

    private static async Task<string> ProbeAsync(string path)
    {
        using var probe = Process.Start(new ProcessStartInfo("ffprobe",
            ["-v", "error", "-count_frames", "-show_entries", "stream=codec_name,width,height,pix_fmt,r_frame_rate,nb_read_frames", "-of", "csv=p=0", path]) { RedirectStandardOutput = true })!;
        var text = await probe.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await probe.WaitForExitAsync(TestContext.Current.CancellationToken);
        return text.Trim();
    }
}
