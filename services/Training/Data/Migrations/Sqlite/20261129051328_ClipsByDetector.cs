using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace DemoVlp.Training.Data.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class ClipsByDetector : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "DetectorHash",
                table: "DatasetClips",
                type: "TEXT",
                nullable: true);

            migrationBuilder.CreateTable(
                name: "Detectors",
                columns: table => new
                {
                    Sha256 = table.Column<string>(type: "TEXT", nullable: false),
                    LoadedAt = table.Column<DateTime>(type: "TEXT", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Detectors", x => x.Sha256);
                });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "Detectors");

            migrationBuilder.DropColumn(
                name: "DetectorHash",
                table: "DatasetClips");
        }
    }
}
