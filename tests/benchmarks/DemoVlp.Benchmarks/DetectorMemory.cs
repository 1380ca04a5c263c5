using System.Diagnostics;
using System.Globalization;
using DemoVlp.Modeling.Detection;
using DemoVlp.Modeling.VideoLanguage;
using SkiaSharp;

namespace DemoVlp.Benchmarks;

/// <summary>The memory that the process takes for a clip's frames with the full-size network, as the service sends them: four together.</summary>
internal static class DetectorMemory
{
    private const int MicroBatch = 4;
    private const double AllowedGigabytes = 2.5;

    /// <summary>0 if it is within what is allowed.</summary>
    internal static int Run(string clip, int count, ComputePrecision precision, string device)
    {
        var folder = Directory.CreateTempSubdirectory("demovlp-memory-");
        try
        {
            var frames = Read(clip, count, folder.FullName);
            RandomDetector.Write(folder.FullName);
            using var extractor = RegionExtractor.Load(folder.FullName, device, precision);
            var clock = Stopwatch.StartNew();
            var regions = frames.Chunk(MicroBatch).Sum(some => extractor.Extract(some, MicroBatch).Sum(f => f.Count));
            using var process = Process.GetCurrentProcess();
            var peak = process.PeakWorkingSet64 / 1e9;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{frames.Count} frames of {frames[0].Width} x {frames[0].Height}, {regions} regions of {extractor.FeatureDim} values, {precision}: {clock.Elapsed.TotalSeconds / frames.Count:0.0} s a frame, peak of the process {peak:0.00} GB (allowed on a CPU: {AllowedGigabytes})"));
            return device != "cpu" || peak <= AllowedGigabytes ? 0 : 1;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static List<FrameImage> Read(string clip, int count, string folder)
    {
        using (var ffmpeg = Process.Start("ffmpeg", ["-loglevel", "error", "-nostdin", "-i", clip, "-vf", "fps=2", "-frames:v", $"{count}", "-q:v", "2", Path.Combine(folder, "%d.jpg")]))
        {
            ffmpeg.WaitForExit();
            if (ffmpeg.ExitCode != 0) throw new InvalidOperationException($"ffmpeg cannot read {clip}.");
        }
        var frames = new List<FrameImage>();
        for (var i = 1; i <= count && Path.Combine(folder, $"{i}.jpg") is var file && File.Exists(file); i++)
        {
            using var picture = SKBitmap.Decode(file);
            frames.Add(new(i, i, picture.Width, picture.Height, [.. picture.Pixels.SelectMany(p => new[] { p.Blue, p.Green, p.Red })]));
        }
        return frames;
    }
}
